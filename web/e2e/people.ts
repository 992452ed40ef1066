import assert from 'node:assert/strict';
import { base64url, EncryptJWT, jwtDecrypt } from 'jose';
import type { BrowserContext, Page } from 'playwright-core';
import { variable } from './environment.js';

/** People of the seed, by what they may do in their organisation. */
export const people = {
  administrator: 'Ingrid Halvorsen',
  /** May change people and grant some roles. */
  manager: 'Marcus Oyelaran',
  /** Reads, and leads nobody. */
  member: 'Tomás Ferreira',
};

/** Opens a page of the app as somebody who has to sign in first. */
export async function signIn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** What the app keeps about whoever is signed in. */
export interface Session {
  userId: string;
  accessToken: string;
  refreshToken: string;
  expiresAt: number;
}

const key = base64url.decode(variable('LOCKSTEP_E2E_SESSION_SECRET'));

/** Opens the sealed session of a browser, as only the app can. */
export async function readSession(context: BrowserContext): Promise<Session> {
  const cookie = (await context.cookies()).find(({ name }) => name === 'lockstep-session');
  assert.ok(cookie, 'there is no session');
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Lax', '/']);
  const { payload } = await jwtDecrypt(cookie.value, key);
  return payload['data'] as Session;
}

/** Puts another session in its place. */
export async function writeSession(context: BrowserContext, session: Session): Promise<void> {
  const value = await new EncryptJWT({ data: session })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setAudience('session')
    .setExpirationTime('1h')
    .encrypt(key);
  await context.addCookies([{ name: 'lockstep-session', value, domain: '127.0.0.1', path: '/', httpOnly: true, sameSite: 'Lax' }]);
}
