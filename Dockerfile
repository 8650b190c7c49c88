# The server and the command line, on the same Debian packages that ./dev uses.
#
#   docker build -t semel .
#   docker run -p 7420:7420 -p 7421:7421 -v semel:/var/lib/semel semel
#
# tests/helm/image does what the second stage says without a container engine, and holds what comes of it against the chart.

FROM debian:12-slim AS build
WORKDIR /src
# First what rarely changes, so that its layer is used again.
COPY dev ./
RUN ./dev setup build
COPY . .
RUN ./dev package

FROM debian:12-slim
LABEL org.opencontainers.image.title="Semel" \
      org.opencontainers.image.description="Lets any program do a side effect once: the server semeld and the command line semel" \
      org.opencontainers.image.vendor="The Semel authors" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
# Before the packages, whose own user has whatever number is free: what is on a volume belongs to a number, and that must stay the same.
RUN groupadd --gid 10001 semel \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /var/lib/semel --shell /usr/sbin/nologin semel
COPY --from=build /src/build/release/packages/semel_*.deb /src/build/release/packages/semel-server_*.deb /tmp/
# Nobody in here becomes somebody else: the programs that Debian lets do so lose what it takes.
RUN apt-get update \
    && apt-get install -y --no-install-recommends /tmp/semel_*.deb /tmp/semel-server_*.deb \
    && apt-get clean && rm -rf /tmp/*.deb /var/lib/apt/lists/* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
# The number, not the name: runAsNonRoot of Kubernetes cannot tell from a name who it is.
USER 10001:10001
WORKDIR /var/lib/semel
VOLUME /var/lib/semel
EXPOSE 7420 7421
# semeld is process 1: it drains on SIGTERM, and starts no processes whose ends it would have to wait for.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/semeld"]
# Inside a container its own loopback is of no use to anyone else; who may reach the ports is decided outside.
CMD ["--data-dir", "/var/lib/semel", "--listen", "0.0.0.0:7420", "--admin-listen", "0.0.0.0:7421"]
