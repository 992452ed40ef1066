import { NextResponse, type NextRequest } from 'next/server';
import { cookieName, cookieOptions, SESSION_SECONDS } from '@/lib/cookies';
import { contentSecurityPolicy, makeNonce } from '@/lib/csp';
import { issuerPages, renew } from '@/lib/oidc';
import { seal, unseal } from '@/lib/seal';
import type { Session } from '@/lib/session';

/** Milliseconds before its end at which a token is renewed: it must outlast the request it is used for. */
const MARGIN = 30_000;
/** Milliseconds for which requests that still come with the old cookie get the renewed session. */
const OVERLAP = 30_000;

/**
 * Renewals under way or just done, by the refresh token they spent. A browser sends requests together; an issuer that rotates
 * refresh tokens takes the second use of one for theft. Entries reach only who holds that very token.
 */
const renewals = new Map<string, Promise<Session | undefined>>();

function renewOnce(session: Session): Promise<Session | undefined> {
  const spent = session.refreshToken ?? '';
  let renewal = renewals.get(spent);
  if (!renewal) {
    renewal = renew(session);
    renewals.set(spent, renewal);
    renewal.then(
      () => setTimeout(() => renewals.delete(spent), OVERLAP).unref(),
      () => renewals.delete(spent),
    );
  }
  return renewal;
}

/**
 * Lets pages be seen with a session only, and renews its token when that is due: pages themselves cannot set cookies. Tells the
 * browser what a page may load and run.
 */
export async function proxy(request: NextRequest): Promise<NextResponse> {
  if (request.nextUrl.pathname === '/sign-in') return show(request, await issuerPages(true));
  const name = cookieName('session');
  const session = await unseal<Session>('session', request.cookies.get(name)?.value);
  if (!session) return signIn(request);
  if (session.expiresAt - MARGIN > Date.now()) return show(request);
  let fresh: Session | undefined;
  try {
    fresh = await renewOnce(session);
  } catch (error) {
    // The issuer is away. The API decides whether the token is still good.
    console.error('renew a session:', error instanceof Error ? error.message : error);
    return show(request);
  }
  if (!fresh) {
    const response = await signIn(request, 'ended');
    response.cookies.set(name, '', cookieOptions(0));
    return response;
  }
  const sealed = await seal('session', fresh, SESSION_SECONDS);
  request.cookies.set(name, sealed);
  const response = await show(request);
  response.cookies.set(name, sealed, cookieOptions(SESSION_SECONDS));
  return response;
}

/** Passes a request on to its page. Next.js takes the nonce for its scripts from the policy in the request. */
async function show(request: NextRequest, formTargets?: string[]): Promise<NextResponse> {
  const policy = contentSecurityPolicy(makeNonce(), formTargets ?? (await issuerPages(false)));
  const headers = new Headers(request.headers);
  headers.set('Content-Security-Policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('Content-Security-Policy', policy);
  return response;
}

/** Leads to the sign-in page. A form that was sent is let through: its action says that the session has ended. */
async function signIn(request: NextRequest, problem?: string): Promise<NextResponse> {
  if (request.method !== 'GET') return show(request);
  const url = request.nextUrl.clone();
  const query = new URLSearchParams({ returnTo: url.pathname + url.search });
  if (problem) query.set('problem', problem);
  url.pathname = '/sign-in';
  url.search = query.toString();
  return NextResponse.redirect(url);
}

export const config = { matcher: ['/((?!_next/|auth/|icon.svg).*)'] };
