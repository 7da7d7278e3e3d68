"""Single pictures, opened for somebody who is signed in, asks for one and says why."""
