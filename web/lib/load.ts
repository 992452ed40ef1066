import 'server-only';
import { AuthenticationError, BadRequestError, NotFoundError, PermissionError } from '@lockstep/core-sdk';
import { forbidden, notFound, redirect } from 'next/navigation';

/**
 * What a page shows. A thing that is not there, or an id that cannot be one, becomes the not-found page; a session that the API
 * does not accept any more, the sign-in page; what the caller may not see, the page that says so.
 */
export async function load<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof BadRequestError) notFound();
    if (error instanceof AuthenticationError) redirect('/sign-in?problem=ended');
    if (error instanceof PermissionError) forbidden();
    throw error;
  }
}
