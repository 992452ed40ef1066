import { ownPath } from '@/lib/oidc';
import { Title } from '../title';

const PROBLEMS: Readonly<Record<string, string>> = {
  denied: 'You did not sign in.',
  ended: 'Your session has ended. Sign in again to go on.',
  expired: 'That took too long, or was begun in another browser. Try again.',
  failed: 'The sign-in could not be completed. Try again.',
  unavailable: 'The sign-in service cannot be reached. Try again shortly.',
};

interface Props {
  searchParams: Promise<{ returnTo?: string | string[]; problem?: string | string[] }>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { returnTo, problem } = await searchParams;
  const said = typeof problem === 'string' ? PROBLEMS[problem] : undefined;
  return (
    <article className="sign-in">
      <Title>Sign in</Title>
      <h1>Sign in</h1>
      {said && <p role="alert">{said}</p>}
      <p>See the people of your organisation, who leads whom, and what each may do.</p>
      {/* A plain form: it leaves the app. */}
      <form action="/auth/sign-in">
        <input type="hidden" name="returnTo" value={ownPath(typeof returnTo === 'string' ? returnTo : '/')} />
        <button type="submit">Sign in</button>
      </form>
    </article>
  );
}
