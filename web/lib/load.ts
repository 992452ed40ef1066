import 'server-only';
import { BadRequestError, NotFoundError } from '@lockstep/core-sdk';
import { notFound } from 'next/navigation';

/** What a page shows. A thing that is not there, or an id that cannot be one, becomes the not-found page. */
export async function load<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof BadRequestError) notFound();
    throw error;
  }
}
