import '@picocss/pico/css/pico.min.css';
import './globals.css';
import type { Metadata, Viewport } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { session } from '@/lib/session';
import { signOut } from './sign-out';

export const metadata: Metadata = {
  title: { default: 'Lockstep', template: '%s · Lockstep' },
  description: 'People and roles of a tenant.',
  robots: { index: false },
};

export const viewport: Viewport = { colorScheme: 'light dark' };

export default async function RootLayout({ children }: { children: ReactNode }) {
  const caller = await session();
  return (
    <html lang="en">
      <body>
        <a className="skip" href="#content">
          Skip to content
        </a>
        <header className="container">
          <nav aria-label="Main">
            <ul>
              <li>
                <strong>Lockstep</strong>
              </li>
            </ul>
            {caller && (
              <ul>
                <li>
                  <Link href="/users">Users</Link>
                </li>
                <li>
                  <Link href={`/users/${caller.userId}`} prefetch={false}>
                    {caller.name}
                  </Link>
                </li>
                <li>
                  <form action={signOut}>
                    <button type="submit" className="secondary outline">
                      Sign out
                    </button>
                  </form>
                </li>
              </ul>
            )}
          </nav>
        </header>
        <main id="content" className="container">
          {children}
        </main>
      </body>
    </html>
  );
}
