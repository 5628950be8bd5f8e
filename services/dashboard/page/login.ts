import { useState } from 'preact/hooks';
import { logIn, Refused, type SessionInfo } from './api.ts';
import { html } from './html.ts';
import { say } from './words.ts';

interface Props {
  readonly notice: string;
  onSession(session: SessionInfo | null): void;
}

export function Login({ notice, onSession }: Props) {
  const [problem, setProblem] = useState(notice);
  const [isBusy, setBusy] = useState(false);
  const [needsPasscode, setNeedsPasscode] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
    setBusy(true);
    try {
      onSession(await logIn(given));
    } catch (error) {
      if (error instanceof Refused && error.type === 'passcode') setNeedsPasscode(true);
      setProblem(problemIn(error));
      setBusy(false);
    }
  };
  return html`<main class="login">
    <h1><img src="/page/icon.svg" alt="" width="32" height="32" /> Wattle</h1>
    <form onSubmit=${submit}>
      <h2>${say('login.title')}</h2>
      <p role="alert" class="problem">${problem}</p>
      <label>${say('login.user')} <input name="user" autocomplete="username" required autofocus /></label>
      <label>
        ${say('login.password')} <input name="password" type="password" autocomplete="current-password" required />
      </label>
      ${
        needsPasscode &&
        html`<label>
          ${say('login.passcode')} <input name="passcode" inputmode="numeric" autocomplete="one-time-code" required />
        </label>`
      }
      <label>${say('login.domain')} <input name="domain" /></label>
      <button class="main" disabled=${isBusy}>${say(isBusy ? 'login.busy' : 'login.submit')}</button>
    </form>
  </main>`;
}

function problemIn(error: unknown): string {
  if (!(error instanceof Refused)) return say('app.offline');
  if (error.type === 'credentials') return say('login.wrong');
  return error.type === 'passcode' ? say('login.passcodeNeeded') : error.message;
}
