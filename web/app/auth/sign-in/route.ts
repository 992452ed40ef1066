import { cookies } from 'next/headers';
import { NextResponse, type NextRequest } from 'next/server';
import { cookieName, cookieOptions, SIGN_IN_SECONDS } from '@/lib/cookies';
import { beginSignIn, ownPath } from '@/lib/oidc';
import { seal } from '@/lib/seal';
import { origin } from '@/lib/setting';

/** Sends the browser to the issuer. */
export async function GET(request: NextRequest): Promise<Response> {
  try {
    const { url, signIn } = await beginSignIn(ownPath(request.nextUrl.searchParams.get('returnTo')));
    (await cookies()).set(cookieName('sign-in'), await seal('sign-in', signIn, SIGN_IN_SECONDS), cookieOptions(SIGN_IN_SECONDS));
    return NextResponse.redirect(url, 303);
  } catch (error) {
    console.error('begin a sign-in:', error instanceof Error ? error.message : error);
    return NextResponse.redirect(`${origin()}/sign-in?problem=unavailable`, 303);
  }
}
