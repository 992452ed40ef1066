import { origin } from './setting';

/** A number used once, which nobody can guess: it marks the scripts that this app has put into a page. */
export const makeNonce = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64');

/**
 * What a page may load and run (Content Security Policy Level 3): scripts that carry the nonce and what those load, styles and
 * requests of this app's own. Forms end here or, by a redirect, at formTargets.
 */
export function contentSecurityPolicy(nonce: string, formTargets: string[]): string {
  // The development server evaluates code and puts styles into pages.
  const development = process.env.NODE_ENV === 'development';
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ''}`,
    `style-src 'self'${development ? " 'unsafe-inline'" : ''}`,
    // The styles' pictures are data: the arrow of a select, a tick.
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    `form-action 'self' ${formTargets.join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    ...(origin().startsWith('https:') ? ['upgrade-insecure-requests'] : []),
  ].join('; ');
}
