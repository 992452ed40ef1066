import { parseDate } from '@lockstep/core-sdk';
import type { Metadata } from 'next';
import Link from 'next/link';
import { cache } from 'react';
import { api } from '@/lib/api';
import { load } from '@/lib/load';
import { People, Status } from '../people';
import { DisplayNameForm } from './display-name-form';

interface Props {
  params: Promise<{ id: string }>;
}

/** Title and page ask for the same user: one request. */
const getUser = cache(async (id: string) => load((await api()).users.get(id)));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: (await getUser((await params).id)).displayName };
}

export default async function UserPage({ params }: Props) {
  const user = await getUser((await params).id);
  return (
    <>
      <nav aria-label="breadcrumb">
        <ul>
          <li>
            <Link href="/users">Users</Link>
          </li>
          <li aria-current="page">{user.displayName}</li>
        </ul>
      </nav>
      <h1>{user.displayName}</h1>
      <dl className="facts">
        {/* Null for those who may not see it. */}
        {user.email && (
          <>
            <dt>E-mail</dt>
            <dd>
              <a href={`mailto:${user.email}`}>{user.email}</a>
            </dd>
          </>
        )}
        <dt>Status</dt>
        <dd>
          <Status of={user} />
        </dd>
        {user.managerId && (
          <>
            <dt>Manager</dt>
            <dd>
              <Manager id={user.managerId} />
            </dd>
          </>
        )}
        <dt>Since</dt>
        <dd>
          <time dateTime={user.createdAt}>{longDate.format(parseDate(user.createdAt))}</time>
        </dd>
      </dl>
      <DisplayNameForm id={user.id} displayName={user.displayName} />
      <div className="columns">
        <section aria-labelledby="roles">
          <h2 id="roles">Roles</h2>
          {user.roles.length === 0 && <p>No roles.</p>}
          <ul className="people">
            {user.roles.map((role) => (
              <li key={role.id}>
                <div>
                  {role.name}
                  {role.description && <small>{role.description}</small>}
                </div>
              </li>
            ))}
          </ul>
        </section>
        <section aria-labelledby="managed-users">
          <h2 id="managed-users">Managed users</h2>
          <People users={user.managedUsers} empty="Manages nobody." />
        </section>
      </div>
    </>
  );
}

async function Manager({ id }: { id: string }) {
  const manager = await getUser(id);
  return <Link href={`/users/${id}`}>{manager.displayName}</Link>;
}

const longDate = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' });
