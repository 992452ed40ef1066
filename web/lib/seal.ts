import { base64url, EncryptJWT, jwtDecrypt } from 'jose';
import { setting } from './setting';

/** What a seal is for: one made for one purpose is no good for another. */
export type Purpose = 'session' | 'id-token' | 'sign-in';

/** Encrypts and signs data (JWE, A256GCM), good for so many seconds. */
export async function seal(purpose: Purpose, data: object, seconds: number): Promise<string> {
  return new EncryptJWT({ data })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setAudience(purpose)
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .encrypt(key());
}

/** What a seal holds; undefined if it was not made here for this purpose, or is too old. */
export async function unseal<T>(purpose: Purpose, sealed: string | undefined): Promise<T | undefined> {
  if (!sealed) return undefined;
  const secret = key();
  try {
    const { payload } = await jwtDecrypt(sealed, secret, {
      audience: purpose,
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return payload['data'] as T;
  } catch {
    return undefined;
  }
}

function key(): Uint8Array {
  const bytes = base64url.decode(setting('LOCKSTEP_WEB_SESSION_SECRET'));
  if (bytes.length !== 32) throw new Error('LOCKSTEP_WEB_SESSION_SECRET must be 32 random bytes in base64url: openssl rand -base64 32');
  return bytes;
}
