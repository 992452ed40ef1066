import type { CursorPage } from './page.js';

type Head<E extends string> = E extends `${infer First}.${string}` ? First : E;
type Rest<E extends string, K> = E extends `${infer First}.${infer Further}` ? (First extends K ? Further : never) : never;
type Flat<T> = { [K in keyof T]: T[K] };
type Value<V, E extends string> = V extends (infer Item)[] ? Expanded<Item, E>[] : V extends object ? Expanded<V, E> : V;

type Many<T, K extends keyof T> = K extends unknown ? (Exclude<T[K], undefined> extends readonly unknown[] ? K : never) : never;
type Related<T, K extends keyof T, E extends string> = Value<Exclude<T[K], undefined>, Rest<E, K>>;

/**
 * T with the related rows that E names, such as `roles` or `managedUsers.roles`: arrays that were asked for are there. A single
 * row, such as `manager`, is absent where there is none, and where the caller may not read it.
 */
export type Expanded<T, E extends string> = [E] extends [never]
  ? T
  : Flat<
      Omit<T, Head<E>> & { [K in Many<T, Head<E> & keyof T>]-?: Related<T, K, E> } & {
        [K in Exclude<Head<E> & keyof T, Many<T, Head<E> & keyof T>>]?: Related<T, K, E>;
      }
    >;

/** The body B of a list's answer, with items of type T. */
export type PageOf<B extends CursorPage<unknown>, T> = Omit<B, 'data'> & { data: T[] };
