import 'server-only';
import { CoreApiClient } from '@lockstep/core-sdk';
import { connection } from 'next/server';
import { cache } from 'react';

/**
 * The API on behalf of whoever made this request. One client per request: it holds the caller's token, which must reach
 * neither another request nor the browser.
 *
 * @throws Error if LOCKSTEP_API_URL or LOCKSTEP_API_TOKEN is not set.
 */
export const api = cache(async (): Promise<CoreApiClient> => {
  // Nothing that depends on the caller may be rendered ahead of a request.
  await connection();
  return new CoreApiClient({ baseUrl: setting('LOCKSTEP_API_URL'), authToken: setting('LOCKSTEP_API_TOKEN') });
});

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run "npm run dev -w web" beside "make dev", or set it`);
  return value;
}
