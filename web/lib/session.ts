import 'server-only';
import { cookies } from 'next/headers';
import { cache } from 'react';
import { cookieName, cookieOptions, SESSION_SECONDS } from './cookies';
import { seal, unseal } from './seal';

/** Who is signed in, and the tokens that say so. Lives in a sealed cookie; never sent to the browser's scripts. */
export interface Session {
  userId: string;
  name: string;
  accessToken: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  refreshToken: string | undefined;
}

/** The session of whoever made this request. The proxy has renewed its token if that was due. */
export const session = cache(
  async (): Promise<Session | undefined> => unseal<Session>('session', (await cookies()).get(cookieName('session'))?.value),
);

/** Keeps a new session. The ID token is only needed to sign out, and has a cookie of its own: browsers limit each to 4 KB. */
export async function keepSession(content: Session, idToken: string): Promise<void> {
  const jar = await cookies();
  jar.set(cookieName('session'), await seal('session', content, SESSION_SECONDS), cookieOptions(SESSION_SECONDS));
  jar.set(cookieName('id'), await seal('id-token', { idToken }, SESSION_SECONDS), cookieOptions(SESSION_SECONDS));
}

/** Forgets the session; returns its ID token. */
export async function dropSession(): Promise<string | undefined> {
  const jar = await cookies();
  const kept = await unseal<{ idToken: string }>('id-token', jar.get(cookieName('id'))?.value);
  // With the options they were set with: a __Host- cookie is only replaced by another.
  for (const name of ['session', 'id'] as const) jar.set(cookieName(name), '', cookieOptions(0));
  return kept?.idToken;
}
