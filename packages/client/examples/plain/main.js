import { createClient } from '@otp-auth/client';

const auth = createClient({ url: 'https://auth.example.com' });
const [address, code, account, message] = ['address', 'code', 'account', 'message'].map((id) =>
  document.getElementById(id),
);
let challenge;

/** Runs a step and shows why it failed. */
const step = (task) => async (event) => {
  event.preventDefault();
  message.textContent = '';
  await task(new FormData(event.target)).catch((error) => (message.textContent = error.message));
};

address.onsubmit = step(async (form) => {
  challenge = await auth.sendCode({ email: form.get('email') });
  code.hidden = false;
});
code.onsubmit = step(async (form) => {
  const { user } = await auth.verifyCode(challenge, form.get('code'));
  if (!user) message.textContent = 'There is no account for this address yet.';
});
account.querySelector('button').onclick = () => auth.signOut();

auth.onChange(({ user }) => {
  address.hidden = Boolean(user);
  code.hidden = true;
  account.hidden = !user;
  account.querySelector('b').textContent = user?.email;
});
