import { cookies } from 'next/headers';
import { NextResponse, type NextRequest } from 'next/server';
import { cookieName, cookieOptions } from '@/lib/cookies';
import { finishSignIn, ownPath, type SignIn } from '@/lib/oidc';
import { unseal } from '@/lib/seal';
import { keepSession } from '@/lib/session';
import { origin } from '@/lib/setting';

/** Where the issuer sends the browser back to. */
export async function GET(request: NextRequest): Promise<Response> {
  const jar = await cookies();
  const signIn = await unseal<SignIn>('sign-in', jar.get(cookieName('sign-in'))?.value);
  // Whatever comes of it, this answer is used up.
  jar.set(cookieName('sign-in'), '', cookieOptions(0));
  if (!signIn) return refused('expired');
  try {
    const { session, idToken } = await finishSignIn(request.nextUrl.search, signIn);
    await keepSession(session, idToken);
  } catch (error) {
    // The message names what does not fit; it holds neither code nor tokens.
    console.error('finish a sign-in:', error instanceof Error ? error.message : error);
    return refused(request.nextUrl.searchParams.get('error') === 'access_denied' ? 'denied' : 'failed');
  }
  return NextResponse.redirect(origin() + ownPath(signIn.returnTo), 303);
}

function refused(problem: string): Response {
  return NextResponse.redirect(`${origin()}/sign-in?problem=${problem}`, 303);
}
