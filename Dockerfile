FROM denoland/deno:2.9.6
WORKDIR /app
COPY . .
# npm:@redis/client@6.3.1, for EVENT_LOG=redis; otherwise nothing is downloaded.
ARG PACKAGES
RUN deno cache main.ts $PACKAGES
# A volume for EVENT_LOG=kv that is mounted here belongs to the user of the server.
RUN mkdir data && chown deno:deno data
USER deno
EXPOSE 8080
CMD ["run", "--no-prompt", "--allow-net=0.0.0.0:8080", "--allow-read=static,data,/run/secrets", "--allow-write=data", "--allow-env", "main.ts"]
