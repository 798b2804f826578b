# The page on a host without a GPU:
#
#     docker build -t sadal .
#     docker run --rm --read-only --tmpfs /tmp -p 7860:7860 sadal
#
# TORCH_INDEX is where PyTorch has its builds without CUDA, which save several GB; with
# https://pypi.org/simple everything comes from there.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libegl1 libgles2 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.txt /tmp/sadal/
RUN sed -n 's/^\(torch[^ ]*\).*/\1/p' /tmp/sadal/requirements.txt > /tmp/sadal/torch.txt \
    && pip install --no-cache-dir --index-url "$TORCH_INDEX" -r /tmp/sadal/torch.txt \
    && pip install --no-cache-dir -r /tmp/sadal/requirements.txt

COPY pyproject.toml README.md LICENSE MODEL_CARD.md requirements.txt /tmp/sadal/
COPY requirements-dev.txt /tmp/sadal/
COPY requirements /tmp/sadal/requirements
COPY app /tmp/sadal/app
COPY assets /tmp/sadal/assets
COPY results /tmp/sadal/results
COPY sadal_core /tmp/sadal/sadal_core
COPY sadal_demo /tmp/sadal/sadal_demo
RUN pip install --no-cache-dir --no-deps /tmp/sadal && rm -rf /tmp/sadal

# Nothing but /tmp is written, and that by the page alone: uploads, and what Numba and Matplotlib keep.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp TMPDIR=/tmp \
    NUMBA_CACHE_DIR=/tmp/numba MPLCONFIGDIR=/tmp/matplotlib
RUN useradd --system --no-create-home sadal
USER sadal
WORKDIR /tmp
EXPOSE 7860
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/config', timeout=5)"]
CMD ["sadal-demo", "--host", "0.0.0.0", "--port", "7860"]
