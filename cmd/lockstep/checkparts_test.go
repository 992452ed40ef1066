package main

import "testing"

func TestSDKChanges(t *testing.T) {
	t.Parallel()
	const diff = `diff --git a/clients/ts/src/generated/types.ts b/clients/ts/src/generated/types.ts
index 1..2 100644
--- a/clients/ts/src/generated/types.ts
+++ b/clients/ts/src/generated/types.ts
@@ -10,0 +11,4 @@ export interface User {
+  /** Job title. */
+  title: string | null;
@@ -30 +35 @@ export interface Role {
-  name: string;
+  name?: string;
`
	const want = `@@ clients/ts/src/generated/types.ts export interface User
+ title: string | null;
@@ clients/ts/src/generated/types.ts export interface Role
- name: string;
+ name?: string;`
	if got := sdkChanges(diff); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := sdkChanges(""); got != "" {
		t.Errorf("no change: got %q", got)
	}
}
