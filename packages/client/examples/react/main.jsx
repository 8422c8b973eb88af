import { useState, useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from '@otp-auth/client';

const auth = createClient({ url: 'https://auth.example.com' });
const useUser = () => useSyncExternalStore(auth.onChange, () => auth.user);

function App() {
  const user = useUser();
  return user ? (
    <p>
      Signed in as <b>{user.email}</b>. <button onClick={auth.signOut}>Sign out</button>
    </p>
  ) : (
    <SignIn />
  );
}

function SignIn() {
  const [challenge, setChallenge] = useState(null);
  const [message, setMessage] = useState('');

  async function submit(event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setMessage('');
    try {
      if (!challenge) return setChallenge(await auth.sendCode({ email: form.get('email') }));
      const { user } = await auth.verifyCode(challenge, form.get('code'));
      setChallenge(null);
      if (!user) setMessage('There is no account for this address yet.');
    } catch (error) {
      setMessage(error.message);
    }
  }

  return (
    <form onSubmit={submit}>
      {challenge ? (
        <label key="code">
          Code <input name="code" autoComplete="one-time-code" inputMode="numeric" required />
        </label>
      ) : (
        <label key="email">
          E-mail <input name="email" type="email" autoComplete="email" required />
        </label>
      )}
      <button>{challenge ? 'Sign in' : 'Send a code'}</button>
      <p role="alert">{message}</p>
    </form>
  );
}

createRoot(document.getElementById('app')).render(<App />);
