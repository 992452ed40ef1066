import { parseDate } from '@lockstep/core-sdk';
import Link from 'next/link';
import { Suspense } from 'react';
import { LoadingNote } from '../../loading-note';
import { Title } from '../../title';
import { getUser, may } from '@/lib/caller';
import { Status } from '../people';
import { Chart } from './chart';
import { Roles } from './roles';

interface Props {
  params: Promise<{ id: string }>;
  searchParams: Promise<{ saved?: string | string[] }>;
}

export default async function UserPage({ params, searchParams }: Props) {
  const user = await getUser((await params).id);
  const { saved } = await searchParams;
  return (
    <>
      <Title>{user.displayName}</Title>
      <nav aria-label="breadcrumb">
        <ul>
          <li>
            <Link href="/users">Users</Link>
          </li>
          <li aria-current="page">{user.displayName}</li>
        </ul>
      </nav>
      <div className="title">
        <h1>{user.displayName}</h1>
        {(await may('users:update')) && (
          <Link href={`/users/${user.id}/edit`} className="button">
            Edit
          </Link>
        )}
      </div>
      {saved !== undefined && (
        <p role="status" className="saved">
          Saved.
        </p>
      )}
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
        <dt>Since</dt>
        <dd>
          <time dateTime={user.createdAt}>{longDate.format(parseDate(user.createdAt))}</time>
        </dd>
      </dl>
      <div className="columns">
        <Suspense fallback={<LoadingNote />}>
          <Roles user={user} />
        </Suspense>
        <Suspense fallback={<LoadingNote />}>
          <Chart user={user} />
        </Suspense>
      </div>
    </>
  );
}

const longDate = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' });
