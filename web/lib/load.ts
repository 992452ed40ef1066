import 'server-only';
import { AuthenticationError, BadRequestError, NotFoundError } from '@lockstep/core-sdk';
import { notFound, redirect } from 'next/navigation';

/**
 * What a page shows. A thing that is not there, or an id that cannot be one, becomes the not-found page; a session that the API
 * does not accept any more, the sign-in page.
 */
export async function load<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof BadRequestError) notFound();
    if (error instanceof AuthenticationError) redirect('/sign-in?problem=ended');
    throw error;
  }
}
