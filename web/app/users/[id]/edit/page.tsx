import Link from 'next/link';
import { forbidden } from 'next/navigation';
import { api } from '@/lib/api';
import { may } from '@/lib/caller';
import { load } from '@/lib/load';
import { Title } from '../../../title';
import { EditForm } from './edit-form';
import { valuesOf } from './values';

export default async function EditPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  if (!(await may('users:update'))) forbidden();
  const { users } = await api();
  const [{ data: user, etag = '*' }, managers] = await Promise.all([
    load(users.get(id).withResponse()),
    load(users.list({ status: ['active'], sort: ['displayName'], limit: 200 })),
  ]);
  const people = managers.data.filter((person) => person.id !== id).map((person) => ({ id: person.id, name: person.displayName }));
  if (user.managerId && !people.some((person) => person.id === user.managerId)) {
    const manager = await load(users.get(user.managerId));
    people.unshift({ id: manager.id, name: manager.displayName });
  }
  return (
    <>
      <Title>{`Edit ${user.displayName}`}</Title>
      <nav aria-label="breadcrumb">
        <ul>
          <li>
            <Link href="/users">Users</Link>
          </li>
          <li>
            <Link href={`/users/${id}`}>{user.displayName}</Link>
          </li>
          <li aria-current="page">Edit</li>
        </ul>
      </nav>
      <h1>Edit {user.displayName}</h1>
      <EditForm id={id} base={{ etag, values: valuesOf(user) }} people={people} />
    </>
  );
}
