import { api } from '@/lib/api';
import { Title } from '../title';
import { Show } from './show';

/** Only in builds for the end-to-end tests: passes what the SDK returns to a client component, as `?pass=` says. */
export default async function PassPage({ searchParams }: { searchParams: Promise<{ pass?: string; id?: string }> }) {
  const { pass, id = '' } = await searchParams;
  const { users } = await api();
  const list = () => users.list({ limit: 2, sort: ['displayName'] });
  const value = pass === 'call' ? list() : pass === 'data' ? (await list().withResponse()).data : pass === 'row' ? await users.get(id) : await list();
  return (
    <>
      <Title>Passed</Title>
      <h1>Passed</h1>
      <Show value={value} />
    </>
  );
}
