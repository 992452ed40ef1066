import Link from 'next/link';
import { Title, titled } from './title';

/** Where such a page is loaded as a whole, scripts render it: until then this is all there is. */
export const metadata = { title: titled('Not allowed') };

/** Shown in place of a page that the API does not let the caller see, or whose change it would refuse. */
export default function Forbidden() {
  return (
    <div className="state">
      <Title>Not allowed</Title>
      <h1>Not allowed</h1>
      <p>Your roles do not include this. An administrator of your organisation can grant you one that does.</p>
      <Link href="/users" prefetch={false} className="button">
        All users
      </Link>
    </div>
  );
}
