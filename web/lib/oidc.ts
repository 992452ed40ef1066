import * as oidc from 'openid-client';
import { optionalSetting, origin, setting } from './setting';
import type { Session } from './session';

/** What must come back from the issuer as it was sent there. */
export interface SignIn {
  state: string;
  nonce: string;
  verifier: string;
  returnTo: string;
}

/** Whom the issuer signed in. */
export interface SignedIn {
  session: Session;
  idToken: string;
}

let discovered: Promise<oidc.Configuration> | undefined;
/** Origins of the pages it signs people in and out with. */
let pages: string[] | undefined;

/** The issuer's endpoints and keys. Asked for once; holds nothing about people. */
async function issuer(): Promise<oidc.Configuration> {
  discovered ??= discover();
  try {
    return await discovered;
  } catch (error) {
    discovered = undefined;
    throw error;
  }
}

async function discover(): Promise<oidc.Configuration> {
  const url = new URL(setting('LOCKSTEP_OIDC_ISSUER'));
  const secret = optionalSetting('LOCKSTEP_OIDC_CLIENT_SECRET');
  const local = url.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const config = await oidc.discovery(url, setting('LOCKSTEP_OIDC_CLIENT_ID'), {}, secret ? oidc.ClientSecretBasic(secret) : oidc.None(), {
    execute: [oidc.enableNonRepudiationChecks, ...(local ? [oidc.allowInsecureRequests] : [])],
  });
  const { authorization_endpoint, end_session_endpoint } = config.serverMetadata();
  pages = [authorization_endpoint, end_session_endpoint].flatMap((page) => (page ? [new URL(page).origin] : []));
  return config;
}

/** Where the issuer's pages are. Unless it may be asked, a guess until it has been. */
export async function issuerPages(ask: boolean): Promise<string[]> {
  if (ask) await issuer().catch(() => undefined);
  return [...new Set(pages ?? [new URL(setting('LOCKSTEP_OIDC_ISSUER')).origin])];
}

const redirectUri = (): string => `${origin()}/auth/callback`;

/** Where to send somebody who signs in, and what to remember until they are back. */
export async function beginSignIn(returnTo: string): Promise<{ url: URL; signIn: SignIn }> {
  const config = await issuer();
  const signIn = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier(), returnTo };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri(),
    scope: optionalSetting('LOCKSTEP_OIDC_SCOPE') ?? 'openid profile email offline_access',
    state: signIn.state,
    nonce: signIn.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(signIn.verifier),
    code_challenge_method: 'S256',
  });
  return { url, signIn };
}

/**
 * Exchanges the code that the issuer sent the browser back with.
 *
 * @throws Error if the answer is not to this sign-in, or the issuer refused.
 */
export async function finishSignIn(search: string, { state, nonce, verifier }: SignIn): Promise<SignedIn> {
  // Built from our own address: the one a proxy in front of us asked for may be another.
  const tokens = await oidc.authorizationCodeGrant(await issuer(), new URL(redirectUri() + search), {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (!claims || !tokens.id_token) throw new Error('the issuer sent no ID token');
  const name = typeof claims['name'] === 'string' ? claims['name'] : claims.sub;
  return { session: { userId: claims.sub, name, ...held(tokens) }, idToken: tokens.id_token };
}

/** The session with a new access token; undefined if the issuer says that it is over. */
export async function renew(session: Session): Promise<Session | undefined> {
  if (!session.refreshToken) return undefined;
  try {
    const tokens = await oidc.refreshTokenGrant(await issuer(), session.refreshToken);
    return { ...session, ...held(tokens), refreshToken: tokens.refresh_token ?? session.refreshToken };
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant') return undefined;
    throw error;
  }
}

function held(tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers): Omit<Session, 'userId' | 'name'> {
  const seconds = tokens.expiresIn() ?? 300;
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token, expiresAt: Date.now() + seconds * 1000 };
}

/** Where to send somebody who signs out, so that the issuer forgets them too; undefined if it has no such page. */
export async function endSessionUrl(idToken: string): Promise<URL | undefined> {
  const config = await issuer();
  if (!config.serverMetadata().end_session_endpoint) return undefined;
  return oidc.buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: `${origin()}/sign-in` });
}

/** The path of a page of this app; the start page in place of anything else. */
export function ownPath(value: string | null | undefined): string {
  const base = origin();
  const url = URL.canParse(value ?? '', base) ? new URL(value ?? '', base) : undefined;
  if (!url || url.origin !== base || !value?.startsWith('/') || /^\/(auth|sign-in)\b/.test(url.pathname)) return '/';
  return url.pathname + url.search;
}
