import type { User } from '@lockstep/core-sdk';
import Link from 'next/link';

/** Users as a list of links, or what to say when there are none. */
export function People({ users, empty }: { users: User[]; empty: string }) {
  if (users.length === 0) return <p>{empty}</p>;
  return (
    <ul className="people">
      {users.map((user) => (
        <li key={user.id}>
          <div>
            {/* Prefetching would ask the API for everyone listed. */}
            <Link href={`/users/${user.id}`} prefetch={false}>
              {user.displayName}
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
      {of.status}
    </span>
  );
}
