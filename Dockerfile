# All of `make` on one machine, also on Windows and on Apple silicon (with --platform linux/amd64 for MXNet 2.0.0b1):
#   docker build --tag gluon-activations .
#   docker run --rm --publish 127.0.0.1:8888:8888 gluon-activations                   # JupyterLab
#   docker run --rm gluon-activations make test
FROM python:3.13-slim-bookworm

# g++ builds the compiled kernels, chromium tests the site.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends --yes chromium g++ git libgomp1 libquadmath0 make \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 reader
WORKDIR /home/reader/gluon-activations
COPY --chown=1000 . .
USER 1000
# One environment, and a page as a trial.
RUN make notebooks ONLY=00 FAST=1

EXPOSE 8888
CMD ["make", "lab", "LAB=--ip=0.0.0.0 --no-browser"]
