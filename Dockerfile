# The server and the command line, on the same Debian packages that ./dev uses.
#
#   docker build -t semel .
#   docker run -p 7420:7420 -p 7421:7421 -v semel:/var/lib/semel semel

FROM debian:12-slim AS build
WORKDIR /src
# First what rarely changes, so that its layer is used again.
COPY dev ./
RUN ./dev setup build
COPY . .
RUN ./dev package

FROM debian:12-slim
COPY --from=build /src/build/release/packages/semel_*.deb /src/build/release/packages/semel-server_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends /tmp/semel_*.deb /tmp/semel-server_*.deb \
    && rm -rf /tmp/*.deb /var/lib/apt/lists/*
USER semel
WORKDIR /var/lib/semel
VOLUME /var/lib/semel
EXPOSE 7420 7421
ENTRYPOINT ["/usr/bin/semeld"]
# Inside a container its own loopback is of no use to anyone else; who may reach the ports is decided outside.
CMD ["--data-dir", "/var/lib/semel", "--listen", "0.0.0.0:7420", "--admin-listen", "0.0.0.0:7421"]
