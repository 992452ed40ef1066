import type { User } from '@lockstep/core-sdk';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { Pending } from '../pending';
import { STATUSES } from './query';

/** Users as a list of links, or what to show when there are none. */
export function People({ users, empty }: { users: User[]; empty: ReactNode }) {
  if (users.length === 0) return empty;
  return (
    <ul className="people rows">
      {users.map((user) => (
        <li key={user.id}>
          <div>
            {/* Prefetching would ask the API for everyone listed. */}
            <Link href={`/users/${user.id}`} prefetch={false}>
              {user.displayName}
              <Pending />
            </Link>
            <small>{user.email}</small>
          </div>
          <Status of={user} />
        </li>
      ))}
    </ul>
  );
}

export function Status({ of }: { of: User }) {
  return (
    <span className="badge" data-status={of.status}>
      {STATUSES[of.status] ?? of.status}
    </span>
  );
}
