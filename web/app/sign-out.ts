'use server';

import { redirect } from 'next/navigation';
import { endSessionUrl } from '@/lib/oidc';
import { dropSession } from '@/lib/session';

/** Signs out here and at the issuer. Works while the issuer is away: then only here. */
export async function signOut(): Promise<void> {
  const idToken = await dropSession();
  const url = idToken ? await endSessionUrl(idToken).catch(() => undefined) : undefined;
  redirect(url?.href ?? '/sign-in');
}
