# The benchmark with torch for the CPU. Its default command is that of `make benchmark`;
# results are in /results, data in /data.
FROM python:3.13-slim

RUN pip install --no-cache-dir uv
WORKDIR /srgnn_bench
COPY . .
RUN uv pip install --system --no-cache --compile-bytecode --torch-backend=cpu \
    --constraint constraints/python3.13.txt .

ENV SRGNN_BENCH_DATA_ROOT=/data
WORKDIR /
VOLUME /results
ENTRYPOINT ["srgnn-bench"]
CMD ["run"]
