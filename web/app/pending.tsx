'use client';

import { useLinkStatus } from 'next/link';

/** Inside a link: shows that the page it leads to is being loaded. */
export function Pending() {
  const { pending } = useLinkStatus();
  return <span className="pending" aria-hidden="true" aria-busy={pending || undefined} />;
}
