// Package git runs git in a checkout.
package git

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Run runs git with the arguments in the checkout at root and returns what it prints. The error names the command and says
// what git says.
func Run(ctx context.Context, root string, args ...string) (string, error) {
	return RunWith(ctx, root, "", args...)
}

// RunWith is Run with a standard input.
func RunWith(ctx context.Context, root, input string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
