# The server's image, from the same files as `make image`: docker build --build-arg VERSION=1.4.0 .
# Only the labels of commit and date are not in it: add --label org.opencontainers.image.revision=$(git rev-parse HEAD).
# The .git folder belongs to the build context, or the image does not know its commit.
# The digest is that of the index of all platforms; the tag is for readers. Both move together:
# docker buildx imagetools inspect docker.io/library/golang:1.26.8
ARG GO_IMAGE=docker.io/library/golang:1.26.8@sha256:6c2a5538f964f1c82f97ad14988bf05de100d922d159d0e398b54c7b0ca0c6c9
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN go run ./cmd/lockstep image --version "${VERSION}" --rootfs /rootfs

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title=lockstep \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /rootfs/ /
ENV LOCKSTEP_ADDR=0.0.0.0:8080 \
    LOCKSTEP_ADMIN_ADDR=0.0.0.0:9090
WORKDIR /
USER 65532:65532
EXPOSE 8080/tcp 9090/tcp
ENTRYPOINT ["/server"]
CMD ["serve"]
