# Build: wheels from the lock, checked by hash. Run: the same Python, a user without rights.
# For a build that can be repeated name the image by digest: --build-arg PYTHON=python:3.12-slim@sha256:…
ARG PYTHON=python:3.12-slim
FROM ${PYTHON} AS build
WORKDIR /src
COPY requirements.lock .
RUN pip wheel --no-cache-dir --require-hashes --wheel-dir /wheels -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY templates templates
COPY profiles profiles
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM ${PYTHON}
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels mail-ticket-gateway \
    && rm -r /wheels \
    && useradd --system --uid 10001 --home-dir /var/lib/gateway --create-home gateway
USER gateway
WORKDIR /var/lib/gateway
VOLUME /var/lib/gateway
ENV GATEWAY_CONFIG=/etc/gateway/gateway.toml
EXPOSE 2525 8025
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8025/healthz', timeout=3)"]
STOPSIGNAL SIGTERM
CMD ["gateway", "serve"]
