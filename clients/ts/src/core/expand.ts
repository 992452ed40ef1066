import type { CursorPage } from './page.js';

type Head<E extends string> = E extends `${infer First}.${string}` ? First : E;
type Rest<E extends string, K> = E extends `${infer First}.${infer Further}` ? (First extends K ? Further : never) : never;
type Flat<T> = { [K in keyof T]: T[K] };
type Value<V, E extends string> = V extends (infer Item)[] ? Expanded<Item, E>[] : V extends object ? Expanded<V, E> : V;

/** T with the related rows that E names, such as `roles` or `managedUsers.roles`: what was asked for is there. */
export type Expanded<T, E extends string> = [E] extends [never]
  ? T
  : Flat<Omit<T, Head<E>> & { [K in Head<E> & keyof T]-?: Value<Exclude<T[K], undefined>, Rest<E, K>> }>;

/** The body B of a list's answer, with items of type T. */
export type PageOf<B extends CursorPage<unknown>, T> = Omit<B, 'data'> & { data: T[] };
