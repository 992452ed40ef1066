// Uses what openapi-typescript makes of the contract, for whatever entities it has.
import type { components, operations, paths } from "./schema.js";

type Method = "get" | "post" | "patch" | "delete";
type Answer<O> = O extends { responses: infer R } ? R[keyof R] : never;

export type Answers = { [P in keyof paths]: { [M in Method]: paths[P][M] extends object ? Answer<paths[P][M]> : never } };
export const listed: (keyof operations)[] = ["users.list", "users.get"];
export const user = (u: components["schemas"]["User"]): string | null => u.managerId;
export const patch: components["schemas"]["UserUpdate"] = { managerId: null };

// @ts-expect-error there is no such path
export type Nothing = paths["/v1/no-such-path"];
// @ts-expect-error a version is a number
export const version: components["schemas"]["User"]["version"] = "1";
