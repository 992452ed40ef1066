import '@picocss/pico/css/pico.min.css';
import './globals.css';
import type { Metadata, Viewport } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';

export const metadata: Metadata = {
  title: { default: 'Lockstep', template: '%s · Lockstep' },
  description: 'People and roles of a tenant.',
  robots: { index: false },
};

export const viewport: Viewport = { colorScheme: 'light dark' };

export default function RootLayout({ children }: { children: ReactNode }) {
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
            <ul>
              <li>
                <Link href="/users">Users</Link>
              </li>
            </ul>
          </nav>
        </header>
        <main id="content" className="container">
          {children}
        </main>
      </body>
    </html>
  );
}
