'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import type { ReactNode } from 'react';

/** A link of the navigation; says which page is shown. */
export function NavLink({ href, title, children }: { href: string; title?: string; children: ReactNode }) {
  return (
    <Link href={href} prefetch={false} aria-current={usePathname() === href ? 'page' : undefined} {...(title && { title })}>
      {children}
    </Link>
  );
}
