import { origin } from './setting';

/** Seconds a sign-in may take, from leaving for the issuer to coming back. */
export const SIGN_IN_SECONDS = 600;
/** Seconds a session lasts without a visit. The issuer's refresh token may end it earlier. */
export const SESSION_SECONDS = 12 * 3600;

const secure = (): boolean => origin().startsWith('https:');

/** A cookie's name. Over https a prefix keeps other hosts of the domain from setting it (RFC 6265bis, section 4.1.3.2). */
export const cookieName = (name: 'session' | 'id' | 'sign-in'): string => `${secure() ? '__Host-' : ''}lockstep-${name}`;

/** Out of reach for scripts and for requests that other sites make, other than links. */
export const cookieOptions = (seconds: number) =>
  ({ httpOnly: true, secure: secure(), sameSite: 'lax', path: '/', maxAge: seconds }) as const;
