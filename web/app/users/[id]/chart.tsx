import { NotFoundError, type User, type UserWithRoles } from '@lockstep/core-sdk';
import Link from 'next/link';
import { api } from '@/lib/api';
import { load } from '@/lib/load';
import { Pending } from '../../pending';
import { STATUSES } from '../query';

/** How far up the line of management is shown. */
const LEVELS_UP = 6;

/** Who leads a user, and whom they lead two levels down: nested lists, drawn as a tree. */
export async function Chart({ user }: { user: UserWithRoles }) {
  const [above, below] = await Promise.all([leaders(user), reports(user)]);
  const down = (people: User[]) =>
    people.length > 0 && (
      <ul>
        {people.map((person) => (
          <li key={person.id}>
            <Card person={person} />
            {down(below.get(person.id) ?? [])}
          </li>
        ))}
      </ul>
    );
  const own = (
    <ul>
      <li>
        <Card person={user} current />
        {down(user.managedUsers)}
      </li>
    </ul>
  );
  const tree = above.reduce(
    (inner, leader) => (
      <ul>
        <li>
          <Card person={leader} />
          {inner}
        </li>
      </ul>
    ),
    own,
  );
  return (
    <section aria-labelledby="chart">
      <h2 id="chart">Manager and managed users</h2>
      {!user.managerId && <p className="note">Has no manager.</p>}
      <div className="chart">{tree}</div>
      {user.managedUsers.length === 0 && <p className="note">Manages nobody.</p>}
    </section>
  );
}

function Card({ person, current = false }: { person: User; current?: boolean }) {
  return (
    <span className="card" data-status={person.status} aria-current={current ? 'true' : undefined}>
      {current ? (
        <strong>{person.displayName}</strong>
      ) : (
        <Link href={`/users/${person.id}`} prefetch={false}>
          {person.displayName}
          <Pending />
        </Link>
      )}
      {person.status !== 'active' && <small>{STATUSES[person.status] ?? person.status}</small>}
    </span>
  );
}

/** The managers above a user, the nearest first, as far as the caller may see them. */
async function leaders(user: User): Promise<User[]> {
  const { users } = await api();
  const found: User[] = [];
  let { managerId } = user;
  while (managerId && found.length < LEVELS_UP) {
    const leader: User | undefined = await load(users.get(managerId).then(undefined, unseen));
    if (!leader) break;
    found.push(leader);
    ({ managerId } = leader);
  }
  return found;
}

function unseen(error: unknown): undefined {
  if (!(error instanceof NotFoundError)) throw error;
}

/** Those led by whom a user leads, by their manager. One request for all of them. */
async function reports({ managedUsers }: UserWithRoles): Promise<Map<string, User[]>> {
  const byManager = new Map<string, User[]>();
  if (managedUsers.length === 0) return byManager;
  const { users } = await api();
  const page = await load(users.list({ managerId: managedUsers.map(({ id }) => id), sort: ['displayName'], limit: 200 }));
  for (const person of page.data) {
    const group = byManager.get(person.managerId ?? '') ?? [];
    byManager.set(person.managerId ?? '', [...group, person]);
  }
  return byManager;
}
