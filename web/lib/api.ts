import 'server-only';
import { CoreApiClient } from '@lockstep/core-sdk';
import { redirect } from 'next/navigation';
import { cache } from 'react';
import { session } from './session';
import { setting } from './setting';

/**
 * The API on behalf of whoever made this request; the sign-in page if nobody is signed in. One client per request: it holds the
 * caller's token, which must reach neither another request nor the browser.
 *
 * @throws Error if LOCKSTEP_API_URL is not set.
 */
export const api = cache(async (): Promise<CoreApiClient> => {
  const caller = await session();
  if (!caller) redirect('/sign-in?problem=ended');
  return new CoreApiClient({ baseUrl: setting('LOCKSTEP_API_URL'), authToken: caller.accessToken });
});
