#!/usr/bin/env bash
# Runs the tests on containers (mvn -Pcontainers) on a Debian machine that has no engine and can pull no image: installs an engine
# from Debian's packages, makes the images of broker, registry and roles, runs the tests, prints a summary, cleans up. As root.
#
#   tests/containers.sh            everything, then cleans up
#   tests/containers.sh --keep     leaves the engine and its images; says how to use them (for docker/up)
#   tests/containers.sh --prepare  only makes engine and images, and leaves them
#   tests/containers.sh --clean    ends the engine that --keep or --prepare left, with its containers, volumes and images
set -euo pipefail
home=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=${REALALIGN_CONTAINERS:-$home/tests/target/containers}
keep=
prepare=
clean=
case ${1:-} in
  '') ;;
  --keep) keep=1 ;;
  --prepare) keep=1 prepare=1 ;;
  --clean) clean=1 ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac

say() { printf 'containers: %s\n' "$1" >&2; }
fail() {
  say "$1"
  exit 1
}
[[ $(id -u) == 0 ]] || fail "An engine needs root: run this as root, or start an engine of your own and run mvn -Pcontainers -pl tests -am verify."
command -v apt-get >/dev/null || fail "This machine has no apt-get: start an engine of your own and run mvn -Pcontainers -pl tests -am verify."

packages=()
command -v dockerd >/dev/null || packages+=(docker.io)
command -v docker-compose >/dev/null || packages+=(docker-compose)
command -v debootstrap >/dev/null || packages+=(debootstrap)
command -v iptables >/dev/null || packages+=(iptables)
if ((${#packages[@]})); then
  say "installing ${packages[*]}"
  apt-get -o DPkg::Lock::Timeout=300 update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends "${packages[@]}" >/dev/null
fi

mkdir -p "$work"
log=$work/log.txt
: >"$log"

# Ends the engine that listens at the address in $work/docker.host, if there is one, with everything in it.
end_engine() {
  [[ ! -f $work/docker.host ]] || export DOCKER_HOST=$(<"$work/docker.host")
  if [[ -f $work/dockerd.pid ]] && kill -0 "$(<"$work/dockerd.pid")" 2>/dev/null; then
    docker ps -aq 2>/dev/null | xargs -r docker rm -f >/dev/null 2>&1 || true
    docker network prune -f >/dev/null 2>&1 || true
    kill "$(<"$work/dockerd.pid")" 2>/dev/null || true
    for _ in $(seq 100); do [[ -f $work/dockerd.pid ]] || break; sleep 0.2; done
    ip link del docker0 2>/dev/null || true
  fi
  [[ -z ${DOCKER_HOST:-} || ! -f $work/docker.host ]] || rm -rf "$(dirname "${DOCKER_HOST#unix://}")"
  rm -rf "$work"/{data,exec,rootfs,docker.host,registry-context,prometheus-context}
}

end_engine
if [[ -n $clean ]]; then exit 0; fi
trap end_engine EXIT

say "starting an engine"
mkdir -p "$work/data" "$work/exec"
# the path of a socket must be short
export DOCKER_HOST=unix://$(mktemp -d)/docker.sock
printf '%s\n' "$DOCKER_HOST" >"$work/docker.host"
setsid dockerd --iptables=false --ip-forward=false --data-root "$work/data" --exec-root "$work/exec" \
  -H "$DOCKER_HOST" -p "$work/dockerd.pid" >"$work/dockerd.log" 2>&1 &
for _ in $(seq 300); do
  docker version >/dev/null 2>&1 && break
  sleep 0.2
done
docker version >/dev/null 2>&1 || fail "The engine did not start; its log is $work/dockerd.log."

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | awk '/^(URIs:|deb )/ {print $2; exit}' || true)
[[ -n $mirror ]] || fail "No Debian mirror is named under /etc/apt: write one into /etc/apt/sources.list."
say "making a Java runtime image from Debian $release"
debootstrap --variant=minbase --include=openjdk-17-jre-headless "$release" "$work/rootfs" "$mirror" >>"$log" 2>&1 ||
  fail "debootstrap failed; see $log."
rm -rf "$work"/rootfs/var/cache/apt/archives/*.deb "$work"/rootfs/var/lib/apt/lists/* "$work"/rootfs/usr/share/{doc,man,locale}/*
java_home=/usr/lib/jvm/java-17-openjdk-$(dpkg --print-architecture)
tar -C "$work/rootfs" -c . | docker import --change "ENV JAVA_HOME=$java_home" - realalign-jre:local >>"$log"

say "making the images of the roles"
JRE_IMAGE=realalign-jre:local "$home/docker/build" 2>>"$log"

say "making images of broker, registry and Prometheus"
docker build -q -t realalign-kafka:local "$home/tests/containers/kafka" >>"$log" 2>&1
mkdir -p "$work/registry-context"
rm -rf "$work/registry-context/registry"
cp -R "$home/app/target/registry" "$work/registry-context/registry"
mv "$work"/registry-context/registry/apicurio-registry-app-*-runner.jar "$work/registry-context/registry/registry-runner.jar"
docker build -q -t realalign-registry:local -f "$home/tests/containers/registry/Dockerfile" "$work/registry-context" >>"$log" 2>&1
mkdir -p "$work/prometheus-context"
(cd "$work/prometheus-context" && apt-get download -q prometheus >>"$log" 2>&1 && dpkg-deb -x prometheus_*.deb unpacked && cp unpacked/usr/bin/prometheus prometheus)
docker build -q -t realalign-prometheus:local -f "$home/tests/containers/prometheus/Dockerfile" "$work/prometheus-context" >>"$log" 2>&1

status=0
if [[ -z $prepare ]]; then
  say "running the tests on containers (log: $work/maven.txt)"
  # images of Testcontainers' own cannot be pulled; on an engine of our own nothing of others is left behind
  TESTCONTAINERS_TINYIMAGE_CONTAINER_IMAGE=realalign-jre:local TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=localhost \
    mvn -B -ntp -Pcontainers -pl tests -am -f "$home/pom.xml" \
    -Dkafka.image=realalign-kafka:local -Dregistry.image=realalign-registry:local verify >"$work/maven.txt" 2>&1 || status=$?
  grep -E 'Tests run:.*(containers|Fail)|BUILD|ERROR' "$work/maven.txt" | sed 's/\x1b\[[0-9;]*m//g' | sort -u | head -40 || true
fi
docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep '^realalign' | sort
if [[ -n $keep ]]; then
  say "the engine goes on. To use it:"
  printf 'export DOCKER_HOST=%s JRE_IMAGE=realalign-jre:local KAFKA_IMAGE=realalign-kafka:local REGISTRY_IMAGE=realalign-registry:local PROMETHEUS_IMAGE=realalign-prometheus:local\n' "$DOCKER_HOST"
  say "to end it: tests/containers.sh --clean"
  trap - EXIT
fi
exit "$status"
