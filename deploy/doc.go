// Package deploy holds the manifests that run the server. Its tests render every overlay and check the objects as a cluster
// would; they have a module of their own, so that the project does not depend on Kubernetes.
package deploy
