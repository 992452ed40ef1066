import '@picocss/pico/css/pico.min.css';
import './globals.css';
import type { Metadata, Viewport } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { session } from '@/lib/session';
import { NavLink } from './nav-link';
import { signOut } from './sign-out';

export const metadata: Metadata = {
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
        <header>
          <nav aria-label="Main" className="container">
            <ul>
              <li>
                <Link href="/" prefetch={false} className="brand">
                  Lockstep
                </Link>
              </li>
            </ul>
            {caller && (
              <ul>
                <li>
                  <NavLink href="/users">Users</NavLink>
                </li>
                <li className="caller">
                  <NavLink href={`/users/${caller.userId}`} title={caller.name}>
                    {caller.name}
                  </NavLink>
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
