import 'server-only';
import { serverApi } from '@lockstep/core-sdk/next';
import { redirect } from 'next/navigation';
import { session } from './session';
import { setting } from './setting';

/**
 * The API on behalf of whoever made this request; the sign-in page if nobody is signed in. One client per request: it holds the
 * caller's token, which must reach neither another request nor the browser.
 *
 * @throws Error if LOCKSTEP_API_URL is not set.
 */
export const api = serverApi(async () => {
  const caller = await session();
  if (!caller) redirect('/sign-in?problem=ended');
  return { baseUrl: setting('LOCKSTEP_API_URL'), authToken: caller.accessToken };
});
