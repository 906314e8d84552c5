// Events of the server, with what to do when they stop. EventSource reconnects by itself after a broken connection; after a
// refusal it does not, so this does.

/** Follows until the page is left. onState gets live, lost, or locked (the token is wanted). */
export function follow(sections, onEvent, onState) {
  let source = null;
  let retry = null;
  let heard = 0;

  async function open() {
    clearTimeout(retry);
    if (source) source.close();
    source = new EventSource('/api/events');
    heard = Date.now();
    for (const section of sections) {
      source.addEventListener(section, event => {
        heard = Date.now();
        onState('live');
        onEvent(section, JSON.parse(event.data));
      });
    }
    source.onerror = async () => {
      if (await isLocked()) {
        source.close();
        onState('locked');
      } else {
        onState('lost');
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, 2000);
      }
    };
  }

  // a connection can die without a word: status comes every second
  setInterval(() => {
    if (!document.hidden && source && source.readyState === EventSource.OPEN && Date.now() - heard > 8000) {
      onState('lost');
      open();
    }
  }, 2000);

  // a page that nobody sees asks for nothing
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      retry = setTimeout(() => { if (document.hidden && source) { source.close(); source = null; } }, 60_000);
    } else if (!source || source.readyState === EventSource.CLOSED) {
      open();
    }
  });

  open();
  return { open };
}

async function isLocked() {
  try {
    return (await fetch('/api/samples', { cache: 'no-store' })).status === 401;
  } catch {
    return false;
  }
}

/** Shows the token; says whether it was the right one. */
export async function signIn(token) {
  const answer = await fetch('/api/session', { method: 'POST', headers: { Authorization: 'Bearer ' + token } });
  return answer.ok;
}

export async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(path + ' answered ' + answer.status);
  return answer.json();
}
