package main

// Mozilla's certificate authorities, for images that hold nothing but the binary. Those of the operating system, or of
// SSL_CERT_FILE and SSL_CERT_DIR, are used instead where there are any.
import _ "golang.org/x/crypto/x509roots/fallback"
