"""Entry: atmosphere, trajectory on the rotating oblate Earth, heating, dispersion."""
