import Link from 'next/link';
import { Title, titled } from './title';

/** Where such a page is loaded as a whole, scripts render it: until then this is all there is. */
export const metadata = { title: titled('Not found') };

export default function NotFound() {
  return (
    <div className="state">
      <Title>Not found</Title>
      <h1>Not found</h1>
      <p>There is nothing here, or nothing you may see.</p>
      <Link href="/users" prefetch={false} className="button">
        All users
      </Link>
    </div>
  );
}
